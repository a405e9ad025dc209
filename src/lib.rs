use napi_derive as _;
