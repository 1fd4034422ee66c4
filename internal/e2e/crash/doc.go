// Package crash holds only tests: the real binary, built with failpoints, dies at every place that package failpoint names, while the
// vendors misbehave and callers write down what they were told. Afterwards the vendors' ledgers judge.
package crash
