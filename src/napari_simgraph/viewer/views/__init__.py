"""The hand-made interactive views."""
