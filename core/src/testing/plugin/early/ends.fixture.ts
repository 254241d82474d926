// oxlint-disable-next-line unicorn/no-process-exit -- what no module should do
process.exit(3);
