"""Log-mel front ends and the mel image: a frozen config and a deterministic transform each."""
