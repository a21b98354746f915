"""Studies: one folder is one study, with its Python face, its table, its figure and its part of a report."""
