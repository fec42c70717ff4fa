"""One end of a call that is no browser: aiortc, whose signals go by whichever way."""
