package main

import (
	"context"
	"sync"
	"time"

	"github.com/containerd/containerd/v2/core/mount"
	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/errdefs"
)

// memory is a snapshotter that has nothing behind it, so that what is measured is the store and not a file system.
type memory struct {
	mu   sync.Mutex
	held map[string]snapshots.Info
}

func newMemory() *memory { return &memory{held: map[string]snapshots.Info{}} }

func (m *memory) put(key, parent string, kind snapshots.Kind, opts []snapshots.Opt) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.held[key]; taken {
		return errdefs.ErrAlreadyExists
	}
	now := time.Now()
	info := snapshots.Info{Name: key, Parent: parent, Kind: kind, Created: now, Updated: now}
	for _, opt := range opts {
		if err := opt(&info); err != nil {
			return err
		}
	}
	m.held[key] = info
	return nil
}

func (m *memory) Stat(_ context.Context, key string) (snapshots.Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	info, found := m.held[key]
	if !found {
		return snapshots.Info{}, errdefs.ErrNotFound
	}
	return info, nil
}

func (m *memory) Update(_ context.Context, info snapshots.Info, _ ...string) (snapshots.Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held[info.Name] = info
	return info, nil
}

func (m *memory) Usage(context.Context, string) (snapshots.Usage, error) {
	return snapshots.Usage{}, nil
}

func (m *memory) Mounts(context.Context, string) ([]mount.Mount, error) { return nil, nil }

func (m *memory) Prepare(_ context.Context, key, parent string, opts ...snapshots.Opt) ([]mount.Mount, error) {
	return nil, m.put(key, parent, snapshots.KindActive, opts)
}

func (m *memory) View(_ context.Context, key, parent string, opts ...snapshots.Opt) ([]mount.Mount, error) {
	return nil, m.put(key, parent, snapshots.KindView, opts)
}

func (m *memory) Commit(_ context.Context, name, key string, opts ...snapshots.Opt) error {
	m.mu.Lock()
	info, found := m.held[key]
	delete(m.held, key)
	m.mu.Unlock()
	if !found {
		return errdefs.ErrNotFound
	}
	return m.put(name, info.Parent, snapshots.KindCommitted, opts)
}

func (m *memory) Remove(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.held, key)
	return nil
}

func (m *memory) Walk(ctx context.Context, fn snapshots.WalkFunc, _ ...string) error {
	m.mu.Lock()
	all := make([]snapshots.Info, 0, len(m.held))
	for _, info := range m.held {
		all = append(all, info)
	}
	m.mu.Unlock()
	for _, info := range all {
		if err := fn(ctx, info); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) Close() error { return nil }
