"""From what a shell gives to a request: arguments, options, files, standard input."""
