package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/leadmux/leadmux/internal/idmap/boltmap"
	"github.com/leadmux/leadmux/internal/retention"
)

// sweeping runs the retention until ctx ends or what it returns is called, which waits for its end.
func sweeping(ctx context.Context, sweeper *retention.Sweeper) (stop func(context.Context) error) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		sweeper.Run(ctx)
	}()
	return func(context.Context) error {
		cancel()
		<-done
		return nil
	}
}

// fileSizes are the sizes of the index's files, looked up at each scrape.
func fileSizes(dir string) []prometheus.Collector {
	var sizes []prometheus.Collector
	for _, file := range []string{boltmap.IndexFile, boltmap.KeysFile} {
		sizes = append(sizes, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "leadmux_index_bytes", Help: "Size of the index's files on the disk.", ConstLabels: prometheus.Labels{"file": file},
		}, func() float64 {
			info, err := os.Stat(filepath.Join(dir, file))
			if err != nil {
				return 0
			}
			return float64(info.Size())
		}))
	}
	return sizes
}
