'use strict';

// In the same process as echo.spec.js, where Jest puts it there.
require('./echo.spec');
