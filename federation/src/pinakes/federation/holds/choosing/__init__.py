"""Choosing a supplier: policy as data, a shortlist by SQL, a ranking that explains itself."""
