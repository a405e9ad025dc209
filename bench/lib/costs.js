'use strict';

/**
 * @typedef {Object} Cost What one message or connection costs a server
 * @property {string} workload
 * @property {string} title
 * @property {'CPU µs' | 'resident bytes' | 'growth'} unit Growth: of the
 *   process, from the second round to the last
 * @property {(values: Object<string, number>) => { all: number,
 *   main: number }} of The cost by a sample's values, and the JS thread's part
 */

/**
 * @param {Workload[]} workloads
 * @return {Cost[]} One per workload, more of those that hold connections
 */
function costs(workloads) {
  return workloads.flatMap(({ name: workload, kind, title, steps }) => {
    if (kind === 'growth') {
      const [before, all] = steps
        .slice(-2)
        .map((n) => n.toLocaleString('en-US'));

      return [
        ...steps.map((step) => growthCost(workload, title, step)),
        {
          workload,
          title: `a connection opened, from ${before} to ${all}`,
          unit: 'CPU µs',
          of: cpu
        }
      ];
    }
    if (kind === 'cycles') {
      return [
        cycleCost(workload, `${title}, idle`, 'resident bytes', 'bytesIdle'),
        cycleCost(workload, `${title}, used`, 'resident bytes', 'bytesUsed'),
        cycleCost(workload, `${title}, after all rounds`, 'growth', 'growth')
      ];
    }
    if (kind !== 'idle') return [{ workload, title, unit: 'CPU µs', of: cpu }];

    return [
      { workload, title: 'a connection opened', unit: 'CPU µs', of: cpu },
      { workload, title, unit: 'resident bytes', of: memory }
    ];
  });
}

function cycleCost(workload, title, unit, key) {
  return {
    workload,
    title,
    unit,
    of: (values) => ({ all: values[key], main: values[key] })
  };
}

function growthCost(workload, title, step) {
  return {
    workload,
    title: `${title} of ${step.toLocaleString('en-US')}`,
    unit: 'resident bytes',
    of({ [`resident${step}`]: resident }) {
      return { all: resident / step, main: resident / step };
    }
  };
}

function cpu({ cpuAll, cpuMain }) {
  return { all: cpuAll, main: cpuMain };
}

function memory({ bytesPerConnection }) {
  return { all: bytesPerConnection, main: bytesPerConnection };
}

module.exports = { costs };
