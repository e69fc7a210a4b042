"""Kill -9 at named places in the code, with messages lost, doubled and shuffled; then the check."""
