'use strict';

/**
 * The listeners of an emitter, by event. V8 finds them faster in this than in
 * the objects without a prototype that Node makes, which are hash tables.
 */
function Listeners() {}
Listeners.prototype = Object.create(null);

module.exports = Listeners;
