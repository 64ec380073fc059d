"""The only folder that imports napari, qtpy, magicgui and pyqtgraph."""
