"""Everything a run needs to go on: packed without pickle, kept so that damage is noticed."""
