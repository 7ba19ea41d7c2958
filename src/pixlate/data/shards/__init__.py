"""Sets too large for loose files: pictures in webdataset tars, read at random by an index of offsets."""
