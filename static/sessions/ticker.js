// A worker that says when it is time for the next picture: timers of a page in the background are put off.
setInterval(() => postMessage(null), 100);
