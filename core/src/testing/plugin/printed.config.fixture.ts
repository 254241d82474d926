import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { include: ['core/src/testing/plugin/printed.fixture.ts'], pool: 'forks' } });
