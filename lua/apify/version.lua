--- The version of the module; the only place where it is written.
return "0.1.0"
