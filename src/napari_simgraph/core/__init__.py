"""The nouns and the rules between them: numpy only."""
