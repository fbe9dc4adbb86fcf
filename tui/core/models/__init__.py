"""The frozen values that every layer shares. Times are aware UTC; sizes are bytes."""
