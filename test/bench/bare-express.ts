/** The least that Express 5 does for a JSON POST: parses the body and answers it. */
import { createServer } from 'node:http';
import express from 'express';

const app = express();
app.disable('x-powered-by').disable('etag').set('env', 'production');
app.use(express.json());
app.post('/echo', (request, response) => {
  response.json(request.body);
});
app.get('/readyz', (_request, response) => {
  response.json({});
});
const server = createServer(app).listen(Number(process.env['PORT']), '127.0.0.1');
process.once('SIGTERM', () => server.close());
