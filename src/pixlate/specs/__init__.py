"""What a network, a data set, a method and a run *are*: frozen dataclasses, JSON in and out. Imports no torch."""
