'use strict';

// OpenTelemetry's instrumentations of http and net, and what they report.

const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { NetInstrumentation } = require('@opentelemetry/instrumentation-net');

const traced = { requests: 0 };

registerInstrumentations({
  instrumentations: [
    new HttpInstrumentation({
      requestHook() {
        traced.requests++;
      }
    }),
    new NetInstrumentation()
  ]
});

module.exports = traced;
