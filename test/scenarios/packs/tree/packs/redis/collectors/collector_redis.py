# Code of the old agent lies beside the YAML and is not read.
