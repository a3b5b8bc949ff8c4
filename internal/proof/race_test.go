//go:build race

package proof

// raceEnabled: times are several times those of the program.
const raceEnabled = true
