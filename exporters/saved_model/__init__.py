"""SavedModels: networks as graphs, the checks of what was written, warm-up requests and numbered versions."""
