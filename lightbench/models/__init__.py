"""Networks: our own (zoo), where others come from (sources), and what they are given."""
