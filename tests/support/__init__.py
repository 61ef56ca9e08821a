"""What the black-box drivers share."""
