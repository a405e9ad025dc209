export async function runApart() {}
