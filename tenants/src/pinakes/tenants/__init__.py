"""What one branch has: its place in the tree, staff, readers, catalogue and circulation."""
