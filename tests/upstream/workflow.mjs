// What GitHub's own parser has to say of a workflow, a line each: node workflow.mjs FILE

import { readFileSync } from 'node:fs';
import { register } from 'node:module';

// It is made for bundlers, which import JSON without being told that it is.
const load = "(url, { importAttributes, ...context }, next) => next(url, "
  + "{ ...context, importAttributes: url.endsWith('.json') ? { type: 'json' } : importAttributes })";
register(`data:text/javascript,export const load = ${encodeURIComponent(load)}`);
const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = await import('@actions/workflow-parser');

const name = process.argv[2];
const { context, value } = parseWorkflow({ name, content: readFileSync(name, 'utf8') }, new NoOperationTraceWriter());
if (value) await convertWorkflowTemplate(context, value);
for (const error of context.errors.getErrors()) console.log(error.message);
