"""The commands of `cwmp`, one module per subject: they parse, print and exit; everything else is asked of the rooms."""
