"""written_again.py FILE MODE FIRST: writes 100 entries of x = FIRST, FIRST + 1, … into the tree of a file, with ROOT.

MODE is RECREATE, or UPDATE, which puts the tree in the place of the one that is there and leaves UUID and, mostly,
size of the file as they were.
"""

import array
import sys

import ROOT

path, mode, first = sys.argv[1], sys.argv[2], int(sys.argv[3])
file = ROOT.TFile.Open(path, mode)
tree = ROOT.TTree("Events", "Events")
x = array.array("i", [0])
tree.Branch("x", x, "x/I")
for entry in range(100):
    x[0] = first + entry
    tree.Fill()
tree.Write("", ROOT.TObject.kOverwrite)
file.Close()
