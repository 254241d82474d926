// Command peer-containerd does on containerd's own packages, with their default settings, what `npm run bench -- core`
// measures on ours, and prints one line of JSON: {"unit":"ms","samples":[…]}, a sample an operation or a pass.
//
//	peer-containerd FOLDER NAME SIZE
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	apievents "github.com/containerd/containerd/api/events"
	"github.com/containerd/containerd/v2/core/events/exchange"
	"github.com/containerd/containerd/v2/core/leases"
	"github.com/containerd/containerd/v2/core/metadata"
	"github.com/containerd/containerd/v2/core/metadata/boltutil"
	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/containerd/v2/plugins/content/local"
	bolt "go.etcd.io/bbolt"
)

const (
	snapshotter = "memory"
	batch       = 1000
	root        = "containerd.io/gc.root"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: peer-containerd FOLDER NAME SIZE")
		os.Exit(2)
	}
	size, err := strconv.Atoi(os.Args[3])
	must(err)
	measure, known := measures[os.Args[2]]
	if !known {
		fmt.Fprintf(os.Stderr, "no such measurement: %s\n", os.Args[2])
		os.Exit(2)
	}
	samples := measure(os.Args[1], size)
	must(json.NewEncoder(os.Stdout).Encode(map[string]any{"unit": "ms", "samples": samples}))
}

var measures = map[string]func(folder string, size int) []float64{
	"lease":         leaseCycle,
	"lease-writers": leaseWriters,
	"snapshot":      snapshotCycle,
	"walk":          func(folder string, size int) []float64 { return walk(folder, size) },
	"walk-filter":   func(folder string, size int) []float64 { return walk(folder, size, "labels.mark==wanted") },
	"stat":          stat,
	"gc":            func(folder string, size int) []float64 { return collect(folder, size, 0) },
	"gc-garbage":    func(folder string, size int) []float64 { return collect(folder, size, 10) },
	"events-1":      func(_ string, size int) []float64 { return deliver(size, 1) },
	"events-10":     func(_ string, size int) []float64 { return deliver(size, 10) },
	"events-100":    func(_ string, size int) []float64 { return deliver(size, 100) },
	"reopen":        reopen,
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func timed(samples []float64, work func()) []float64 {
	began := time.Now()
	work()
	return append(samples, float64(time.Since(began).Nanoseconds())/1e6)
}

// open takes the options that containerd's own plugin opens its store with.
func open(folder string) (context.Context, *metadata.DB, *bolt.DB) {
	options := *bolt.DefaultOptions
	options.NoFreelistSync = true
	options.NoStatistics = true
	file, err := bolt.Open(filepath.Join(folder, "meta.db"), 0o644, &options)
	must(err)
	content, err := local.NewStore(filepath.Join(folder, "content"))
	must(err)
	db := metadata.NewDB(file, content, map[string]snapshots.Snapshotter{snapshotter: newMemory()})
	ctx := namespaces.WithNamespace(context.Background(), "bench")
	must(db.Init(ctx))
	return ctx, db, file
}

func leaseCycle(folder string, size int) (samples []float64) {
	ctx, db, _ := open(folder)
	manager := metadata.NewLeaseManager(db)
	for range size {
		samples = timed(samples, func() {
			lease, err := manager.Create(ctx, leases.WithRandomID())
			must(err)
			must(manager.Delete(ctx, lease))
		})
	}
	return samples
}

// leaseWriters: each of 64 makes a lease with two resources in one transaction, over and over; a sample is the time per lease.
func leaseWriters(folder string, size int) (samples []float64) {
	ctx, db, _ := open(folder)
	manager := metadata.NewLeaseManager(db)
	for range 5 {
		var all sync.WaitGroup
		whole := timed(nil, func() {
			for writer := range 64 {
				all.Go(func() {
					for turn := range size {
						must(db.Update(func(tx *bolt.Tx) error {
							inside := boltutil.WithTransaction(ctx, tx)
							lease, err := manager.Create(inside, leases.WithRandomID())
							if err != nil {
								return err
							}
							for side := range 2 {
								resource := leases.Resource{Type: "snapshots/" + snapshotter, ID: fmt.Sprintf("%d-%d-%d", writer, turn, side)}
								if err := manager.AddResource(inside, lease, resource); err != nil {
									return err
								}
							}
							return nil
						}))
					}
				})
			}
			all.Wait()
		})
		samples = append(samples, whole[0]/float64(64*size))
	}
	return samples
}

func snapshotCycle(folder string, size int) (samples []float64) {
	ctx, db, _ := open(folder)
	store := db.Snapshotter(snapshotter)
	for at := range size {
		samples = timed(samples, func() {
			_, err := store.Prepare(ctx, fmt.Sprintf("a%d", at), "")
			must(err)
			must(store.Commit(ctx, fmt.Sprintf("c%d", at), fmt.Sprintf("a%d", at)))
			must(store.Remove(ctx, fmt.Sprintf("c%d", at)))
		})
	}
	return samples
}

// fill makes committed snapshots; of each hundred, `garbage` have no root. One has the label that a filter looks for.
func fill(ctx context.Context, db *metadata.DB, size, garbage int) {
	store := db.Snapshotter(snapshotter)
	for from := 0; from < size; from += batch {
		must(db.Update(func(tx *bolt.Tx) error {
			inside := boltutil.WithTransaction(ctx, tx)
			for at := from; at < min(from+batch, size); at++ {
				labels := map[string]string{"mark": "other"}
				if at == size/2 {
					labels["mark"] = "wanted"
				}
				if at%100 >= garbage {
					labels[root] = "yes"
				}
				if _, err := store.Prepare(inside, fmt.Sprintf("a%06d", at), ""); err != nil {
					return err
				}
				if err := store.Commit(inside, fmt.Sprintf("c%06d", at), fmt.Sprintf("a%06d", at), snapshots.WithLabels(labels)); err != nil {
					return err
				}
			}
			return nil
		}))
	}
}

func walk(folder string, size int, filters ...string) (samples []float64) {
	ctx, db, _ := open(folder)
	fill(ctx, db, size, 0)
	for range 20 {
		samples = timed(samples, func() {
			must(db.Snapshotter(snapshotter).Walk(ctx, func(context.Context, snapshots.Info) error { return nil }, filters...))
		})
	}
	return samples
}

func stat(folder string, size int) (samples []float64) {
	ctx, db, _ := open(folder)
	fill(ctx, db, size, 0)
	for at := range 5000 {
		samples = timed(samples, func() {
			_, err := db.Snapshotter(snapshotter).Stat(ctx, fmt.Sprintf("c%06d", (at*7919)%size))
			must(err)
		})
	}
	return samples
}

func collect(folder string, size, garbage int) (samples []float64) {
	for round := range 3 {
		inner := filepath.Join(folder, strconv.Itoa(round))
		must(os.MkdirAll(inner, 0o700))
		ctx, db, file := open(inner)
		fill(ctx, db, size, garbage)
		samples = timed(samples, func() {
			_, err := db.GarbageCollect(ctx)
			must(err)
		})
		must(file.Close())
	}
	return samples
}

// deliver: a sample is the time per event until the slowest subscriber has it, over all events of a pass.
func deliver(size, subscribers int) (samples []float64) {
	ctx := namespaces.WithNamespace(context.Background(), "bench")
	for range 5 {
		hub := exchange.NewExchange()
		inner, cancel := context.WithCancel(ctx)
		var all sync.WaitGroup
		for range subscribers {
			stream, _ := hub.Subscribe(inner)
			all.Go(func() {
				for range size {
					<-stream
				}
			})
		}
		whole := timed(nil, func() {
			for range size {
				must(hub.Publish(ctx, "/bench/event", &apievents.ContainerCreate{ID: "one"}))
			}
			all.Wait()
		})
		cancel()
		samples = append(samples, whole[0]/float64(size))
	}
	return samples
}

func reopen(folder string, size int) (samples []float64) {
	ctx, db, file := open(folder)
	fill(ctx, db, size, 0)
	must(file.Close())
	for range 5 {
		samples = timed(samples, func() {
			ctx, db, file = open(folder)
			_, err := db.Snapshotter(snapshotter).Stat(ctx, "c000000")
			_ = err // its backend is empty after a start; what is asked for is read all the same
		})
		must(file.Close())
	}
	return samples
}
