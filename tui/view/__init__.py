"""Pure presentation: values and a moment in, styled lines out; no I/O and no Textual."""
