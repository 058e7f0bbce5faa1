// Upload a file with tus-js-client: node upload.mjs '{"endpoint", "token", "file", "deferred", "metadata", ...}'
// Prints what became of it as JSON. Everything but the token is what its documentation shows.
import {createReadStream} from 'node:fs';
import {PassThrough} from 'node:stream';
import * as tus from 'tus-js-client';

const {file, endpoint, token, deferred, metadata, chunkSize} = JSON.parse(process.argv[2]);
let retries = 0;
// A file has a length; behind a pipe nobody knows of it, as while something is being recorded.
const source = deferred ? createReadStream(file).pipe(new PassThrough()) : createReadStream(file);
const upload = new tus.Upload(source, {
  endpoint,
  metadata,
  chunkSize: chunkSize ?? Infinity,
  uploadLengthDeferred: deferred,
  headers: {Authorization: `Bearer ${token}`},
  retryDelays: [100, 200, 400, 800, 1600],
  onShouldRetry: () => Boolean(retries += 1),
  onError: (error) => {
    console.log(JSON.stringify({error: String(error)}));
    process.exit(1);
  },
  onSuccess: () => console.log(JSON.stringify({url: upload.url, retries})),
});
upload.start();
