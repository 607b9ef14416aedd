// What a program written for the official TypeScript SDK does.
//
//     node typescript_suite.mjs ADDRESS     prints one line of JSON for each step

import Anthropic, { toFile } from '@anthropic-ai/sdk';
import { jsonSchemaOutputFormat } from '@anthropic-ai/sdk/helpers/json-schema';
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema';

const address = process.argv[2];
const model = 'claude-opus-5-5';
const statuses = [400, 401, 402, 403, 404, 409, 413, 429, 500, 503, 504, 529];
const weather = {
  name: 'get_weather',
  description: 'Get the current weather in a given location',
  input_schema: {
    type: 'object',
    properties: { location: { type: 'string' } },
    required: ['location'],
  },
};

let sent = [];

async function recording(url, init) {
  const headers = Object.fromEntries(new Headers(init.headers).entries());
  sent.push({ url: String(url), headers, body: typeof init.body === 'string' ? JSON.parse(init.body) : null });
  return fetch(url, init);
}

const client = new Anthropic({
  apiKey: 'sk-ant-test',
  baseURL: address,
  maxRetries: 0,
  fetch: recording,
});

const ask = (text, fields = {}) => ({
  model,
  max_tokens: 1000,
  messages: [{ role: 'user', content: text }],
  ...fields,
});

async function raised(text) {
  try {
    await client.messages.create(ask(text));
  } catch (error) {
    return { class: error.constructor.name, status: error.status, type: error.type };
  }
  return { class: 'nothing was raised' };
}

const steps = {
  async create() {
    const message = await client.messages.create(ask('Hello'));
    return { message, requestId: message._request_id };
  },

  async create_retired_model() {
    const message = await client.messages.create({
      model: 'claude-3-opus-20240229',
      max_tokens: 1024,
      messages: [{ role: 'user', content: 'Hello, Claude!' }],
    });
    return { text: message.content[0].text };
  },

  async raw_stream() {
    const kinds = [];
    for await (const event of await client.messages.create(ask('Hello', { stream: true }))) {
      kinds.push(event.type);
    }
    return { kinds };
  },

  async stream_helper() {
    const pieces = [];
    const stream = client.messages.stream(ask('many languages')).on('text', (text) => pieces.push(text));
    const message = await stream.finalMessage();
    return { text: pieces.join(''), same: pieces.join('') === message.content[0].text };
  },

  async stream_blocks() {
    const thoughts = [];
    const stream = client.messages
      .stream(ask('weather', { tools: [weather], thinking: { type: 'adaptive', display: 'summarized' } }))
      .on('thinking', (text) => thoughts.push(text));
    const message = await stream.finalMessage();
    return { thought: thoughts.join(''), message };
  },

  async stream_error() {
    try {
      await client.messages.stream(ask('break off')).finalMessage();
    } catch (error) {
      return { class: error.constructor.name, type: error.type, body: error.error };
    }
    return { class: 'nothing was raised' };
  },

  async stream_aborted() {
    const stream = client.messages.stream(ask('fall silent'));
    stream.on('text', () => stream.abort());
    try {
      await stream.finalMessage();
    } catch (error) {
      return { class: error.constructor.name };
    }
    return { class: 'nothing was raised' };
  },

  async tool_loop() {
    const first = await client.messages.create(ask('weather', { tools: [weather] }));
    const call = first.content.at(-1);
    const result = { type: 'tool_result', tool_use_id: call.id, content: '15 degrees' };
    const second = await client.messages.create({
      ...ask('weather', { tools: [weather] }),
      messages: [
        { role: 'user', content: 'weather' },
        { role: 'assistant', content: first.content },
        { role: 'user', content: [result] },
      ],
    });
    return { reason: first.stop_reason, text: second.content[0].text };
  },

  async tool_runner() {
    const tool = betaTool({
      name: 'get_weather',
      description: 'Get the weather of a place.',
      inputSchema: weather.input_schema,
      run: ({ location }) => `sunny in ${location}`,
    });
    const message = await client.beta.messages.toolRunner(ask('weather', { tools: [tool] }));
    return { text: message.content[0].text };
  },

  async parse() {
    const format = jsonSchemaOutputFormat({
      type: 'object',
      properties: { name: { type: 'string' }, age: { type: 'integer' } },
      required: ['name', 'age'],
      additionalProperties: false,
    });
    const message = await client.messages.parse(ask('structured answer', { output_config: { format } }));
    return { parsed: message.parsed_output };
  },

  async count_tokens() {
    const { max_tokens, ...asked } = ask('Hello', { system: 'Be brief.', tools: [weather] });
    const counted = await client.messages.countTokens(asked);
    const message = await client.messages.create({ ...asked, max_tokens });
    return { counted: counted.input_tokens, used: message.usage.input_tokens };
  },

  async models() {
    const ids = [];
    for await (const each of client.models.list({ limit: 10 })) ids.push(each.id);
    const alias = await client.models.retrieve('claude-sonnet-4-5');
    return { count: ids.length, alias: alias.id };
  },

  async files() {
    const found = [];
    for (const resource of [client.files, client.beta.files]) {
      const file = await toFile(Buffer.from('text'), 'Übersicht.txt', { type: 'text/plain' });
      const made = await resource.upload({ file, expires_in_seconds: 3600 });
      const listed = [];
      for await (const each of resource.list({ limit: 1 })) listed.push(each.id);
      const deleted = await resource.delete(made.id);
      found.push({ file: made, listed: listed.includes(made.id), deleted: deleted.type });
    }
    return { found };
  },

  async errors() {
    const found = {};
    for (const status of statuses) found[status] = await raised(`fail with ${status}`);
    return found;
  },

  async beta() {
    const message = await client.beta.messages.create(
      ask('Hello', {
        betas: ['context-management-2025-06-27'],
        context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] },
      }),
    );
    return { edits: message.context_management.applied_edits };
  },
};

for (const [step, run] of Object.entries(steps)) {
  sent = [];
  try {
    console.log(JSON.stringify({ step, facts: await run(), sent }));
  } catch (error) {
    console.log(JSON.stringify({ step, failed: String(error.stack) }));
  }
}
