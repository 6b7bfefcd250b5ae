"""From a recording to sheet music: separate, transcribe, quantise, engrave."""
