"""Measurements with scipy, scikit-image and scikit-learn: no torch, no Qt."""
