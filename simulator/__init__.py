"""A NETS Connect@Cloud that runs on your desk. It moves play money only."""
