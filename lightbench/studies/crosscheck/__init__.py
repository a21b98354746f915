"""Second opinions: what the installed thop and fvcore count."""
