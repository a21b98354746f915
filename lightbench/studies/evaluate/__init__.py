"""How many images of a data set a network answers rightly, with certain weights, on the engine that it ships with."""
