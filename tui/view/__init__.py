"""Pure presentation: values and a moment in, words and names of styles out."""
