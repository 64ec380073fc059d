"""One capability over many machines: blocks of a large image on a Dask cluster (to come)."""
