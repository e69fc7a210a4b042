"""What libraries do together: one card, one public catalogue, every loan in one list."""
