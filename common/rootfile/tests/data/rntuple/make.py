"""Make the RNTuples of this folder, and what is in them, with ROOT 6.38 or later.

    python make.py [FOLDER]

Every file `NAME.root` has beside it in `expected.json` what `content` says of each of its columns: the number of
innermost values, the CRC-32 of these as little-endian bytes (a boolean is one byte), and that of the number of
items of each entry as little-endian i64, or null.
"""

import json
import pathlib
import re
import sys
import zlib

import numpy as np
import ROOT

FOLDER = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
CODECS = {"zlib": 101, "lzma": 207, "lz4": 404, "zstd": 505, "plain": 0}

ROOT.gInterpreter.Declare(
    """
#include <ROOT/RNTupleModel.hxx>
#include <ROOT/RNTupleWriter.hxx>
#include <ROOT/RNTupleWriteOptions.hxx>
#include <ROOT/RFieldBase.hxx>
#include <ROOT/RField.hxx>
#include <ROOT/REntry.hxx>
#include <Math/Vector4D.h>
#include <bitset>
#include <map>
#include <optional>
#include <set>

using ROOT::RFieldBase; using ROOT::RNTupleModel; using ROOT::RNTupleWriter; using ROOT::RNTupleWriteOptions;

RNTupleWriteOptions optionsOf(int compression, bool checksums)
{
   RNTupleWriteOptions options;
   options.SetCompression(compression);
   options.SetEnablePageChecksums(checksums);
   options.SetMaxUnzippedPageSize(256);
   options.SetInitialUnzippedPageSize(64);
   return options;
}

// Columns of every kind in `clusters` clusters of 20 entries, each a cluster group of its own.
void everything(const char *path, int compression, bool checksums, int clusters)
{
   auto model = RNTupleModel::Create();
   auto flag = model->MakeField<bool>("flag");
   auto i8 = model->MakeField<std::int8_t>("i8");
   auto u8 = model->MakeField<std::uint8_t>("u8");
   auto i16 = model->MakeField<std::int16_t>("i16");
   auto u16 = model->MakeField<std::uint16_t>("u16");
   auto i32 = model->MakeField<std::int32_t>("i32");
   auto u32 = model->MakeField<std::uint32_t>("u32");
   auto i64 = model->MakeField<std::int64_t>("i64");
   auto u64 = model->MakeField<std::uint64_t>("u64");
   auto f32 = model->MakeField<float>("f32");
   auto f64 = model->MakeField<double>("f64");
   auto text = model->MakeField<std::string>("text");
   auto ints = model->MakeField<std::vector<std::int32_t>>("ints");
   auto floats = model->MakeField<std::vector<float>>("floats");
   auto bools = model->MakeField<std::vector<bool>>("bools");
   auto nested = model->MakeField<std::vector<std::vector<double>>>("nested");
   auto words = model->MakeField<std::vector<std::string>>("words");
   auto fixed = model->MakeField<std::array<float, 3>>("fixed");
   auto pairs = model->MakeField<std::vector<std::array<std::int16_t, 2>>>("pairs");
   auto bits = model->MakeField<std::bitset<5>>("bits");
   auto half = std::make_unique<ROOT::RField<float>>("half");
   half->SetHalfPrecision();
   model->AddField(std::move(half));
   auto truncated = std::make_unique<ROOT::RField<float>>("truncated");
   truncated->SetTruncated(20);
   model->AddField(std::move(truncated));
   auto quantized = std::make_unique<ROOT::RField<float>>("quantized");
   quantized->SetQuantized(-1.0, 1.0, 11);
   model->AddField(std::move(quantized));
   auto phalf = model->GetDefaultEntry().GetPtr<float>("half");
   auto ptruncated = model->GetDefaultEntry().GetPtr<float>("truncated");
   auto pquantized = model->GetDefaultEntry().GetPtr<float>("quantized");
   auto writer = RNTupleWriter::Recreate(std::move(model), "T", path, optionsOf(compression, checksums));
   int n = 0;
   for (int cluster = 0; cluster < clusters; ++cluster) {
      for (int entry = 0; entry < 20; ++entry, ++n) {
         *flag = n % 3 == 0; *i8 = n - 20; *u8 = 250 + n; *i16 = -300 * n; *u16 = 700 * n;
         *i32 = (n % 2 ? -1 : 1) * 100000 * n; *u32 = 4000000000u + n; *i64 = -5000000000ll * n;
         *u64 = 10000000000000000000ull + n; *f32 = 0.1f * n; *f64 = 1.0 / (n + 1);
         *text = std::string(n % 4, 'a' + n % 26);
         ints->clear(); floats->clear(); bools->clear(); nested->clear(); words->clear(); pairs->clear();
         // Whole runs of entries have nothing.
         for (int k = 0; k < (n / 5 % 2 ? 0 : n % 4); ++k) {
            ints->push_back(n * 10 - k); floats->push_back(n + 0.25f * k); bools->push_back((n + k) % 2);
            nested->push_back(std::vector<double>(k, n + 0.5)); words->push_back(std::string(k, 'z'));
            pairs->push_back({std::int16_t(n), std::int16_t(-k)});
         }
         *fixed = {float(n), -float(n), 0.5f}; *bits = std::bitset<5>(n % 32);
         *phalf = 0.25f * n; *ptruncated = 1.0f / (n + 1); *pquantized = -1.0f + 2.0f * (n % 21) / 20;
         writer->Fill();
      }
      writer->CommitCluster(true);
   }
}

// As CMS writes NanoAOD: collections without a type, a record of triggers, and one that comes late.
void cms(const char *path, int compression, bool checksums, bool projected)
{
   auto model = RNTupleModel::Create();
   auto run = model->MakeField<std::uint32_t>("run");
   auto lumi = model->MakeField<std::uint32_t>("luminosityBlock");
   auto event = model->MakeField<std::uint64_t>("event");
   std::vector<std::unique_ptr<RFieldBase>> members;
   members.push_back(std::make_unique<ROOT::RField<float>>("pt"));
   members.push_back(std::make_unique<ROOT::RField<std::int32_t>>("charge"));
   auto record = std::make_unique<ROOT::RRecordField>("_0", std::move(members));
   model->AddField(ROOT::RVectorField::CreateUntyped("Muon", std::move(record)));
   std::vector<std::unique_ptr<RFieldBase>> triggers;
   triggers.push_back(std::make_unique<ROOT::RField<bool>>("IsoMu24"));
   triggers.push_back(std::make_unique<ROOT::RField<bool>>("Mu50"));
   model->AddField(std::make_unique<ROOT::RRecordField>("HLT", std::move(triggers)));
   if (projected) {
      auto pt = std::make_unique<ROOT::RField<ROOT::RVec<float>>>("Muon_pt");
      model->AddProjectedField(std::move(pt), [](const std::string &name) -> std::string {
         return name == "Muon_pt" ? "Muon" : "Muon._0.pt";
      });
      model->AddProjectedField(std::make_unique<ROOT::RField<bool>>("HLT_IsoMu24"),
                               [](const std::string &) -> std::string { return "HLT.IsoMu24"; });
      auto count = std::make_unique<ROOT::RField<ROOT::RNTupleCardinality<std::uint32_t>>>("nMuon");
      model->AddProjectedField(std::move(count), [](const std::string &) -> std::string { return "Muon"; });
   }
   auto writer = RNTupleWriter::Recreate(std::move(model), "Events", path, optionsOf(compression, checksums));
   auto entry = writer->CreateEntry();
   auto fill = [&](int first, int last, bool late) {
      for (int n = first; n < last; ++n) {
         *entry->GetPtr<std::uint32_t>("run") = 1;
         *entry->GetPtr<std::uint32_t>("luminosityBlock") = 1 + n / 10;
         *entry->GetPtr<std::uint64_t>("event") = n;
         struct Muon { float pt; std::int32_t charge; };
         auto muons = static_cast<std::vector<char> *>(entry->GetPtr<void>("Muon").get());
         muons->resize(sizeof(Muon) * (n % 3));
         for (int k = 0; k < n % 3; ++k) {
            reinterpret_cast<Muon *>(muons->data())[k] = {20.0f + n + 0.5f * k, k % 2 ? -1 : 1};
         }
         auto hlt = static_cast<bool *>(entry->GetPtr<void>("HLT").get());
         hlt[0] = n % 2; hlt[1] = n % 5 == 0;
         if (late) {
            *entry->GetPtr<bool>("HLT_Late") = true;
            *entry->GetPtr<std::vector<float>>("Late_pt") = {float(n), float(-n)};
         }
         writer->Fill(*entry);
      }
   };
   fill(0, 10, false);
   writer->CommitCluster();
   fill(10, 15, false);
   auto updater = writer->CreateModelUpdater();
   updater->BeginUpdate();
   updater->AddField(std::make_unique<ROOT::RField<bool>>("HLT_Late"));
   updater->AddField(std::make_unique<ROOT::RField<std::vector<float>>>("Late_pt"));
   updater->CommitUpdate();
   entry = writer->CreateEntry();
   fill(15, 20, true);
   writer->CommitCluster();
   fill(20, 30, true);
}

// Types of the standard library, and records in one another, in two clusters.
void wide(const char *path)
{
   auto model = RNTupleModel::Create();
   auto map = model->MakeField<std::map<std::string, float>>("map");
   auto set = model->MakeField<std::set<std::int32_t>>("set");
   auto pair = model->MakeField<std::pair<float, std::int32_t>>("pair");
   auto tuple = model->MakeField<std::tuple<std::int16_t, double, std::string>>("tuple");
   auto pairs = model->MakeField<std::vector<std::pair<float, std::int32_t>>>("pairs");
   auto deep = model->MakeField<std::vector<std::vector<std::pair<float, bool>>>>("deep");
   auto atomic = model->MakeField<std::atomic<std::int32_t>>("atomic");
   auto square = model->MakeField<std::array<std::array<std::int16_t, 2>, 3>>("square");
   auto lists = model->MakeField<std::array<std::vector<float>, 2>>("lists");
   auto flags = model->MakeField<std::vector<std::bitset<3>>>("flags");
   auto byte = model->MakeField<std::byte>("byte");
   auto letter = model->MakeField<char>("letter");
   auto couple = model->MakeField<std::array<std::pair<float, std::int32_t>, 2>>("couple");
   auto rvec = model->MakeField<ROOT::RVec<double>>("rvec");
   auto momenta = model->MakeField<std::vector<ROOT::Math::PtEtaPhiMVector>>("momenta");
   auto packed = model->MakeField<Double32_t>("packed");
   auto writer = RNTupleWriter::Recreate(std::move(model), "T", path, optionsOf(505, true));
   for (int n = 0; n < 50; ++n) {
      map->clear(); set->clear(); pairs->clear(); deep->clear(); flags->clear(); rvec->clear(); momenta->clear();
      for (int k = 0; k < n % 4; ++k) {
         (*map)[std::string(k, 'k')] = n + k; set->insert(n * k); pairs->push_back({k + 0.5f, n});
         deep->push_back(std::vector<std::pair<float, bool>>(k + n % 2, {n, k % 2}));
         flags->push_back(k + n); rvec->push_back(k - n); momenta->emplace_back(10 + k, 0.1 * n, 0.2, 0.105);
      }
      *pair = {n * 1.5f, -n}; *tuple = {std::int16_t(n), n * 0.1, std::string(n % 3, 'q')};
      atomic->store(n * 3);
      for (int i = 0; i < 3; ++i) for (int j = 0; j < 2; ++j) (*square)[i][j] = n + 10 * i + j;
      (*lists)[0] = std::vector<float>(n % 3, n); (*lists)[1] = std::vector<float>(n % 2, -n);
      *byte = std::byte(n); *letter = 'a' + n % 26; (*couple)[0] = {n, 1}; (*couple)[1] = {-n, 2};
      *packed = n / 7.0;
      writer->Fill();
      if (n == 23) writer->CommitCluster();
   }
}

// Fields of two representations, of which each cluster has the other.
void representations(const char *path)
{
   using ROOT::ENTupleColumnType;
   auto model = RNTupleModel::Create();
   auto number = std::make_unique<ROOT::RField<float>>("number");
   number->SetColumnRepresentatives({{ENTupleColumnType::kReal32}, {ENTupleColumnType::kReal16}});
   model->AddField(std::move(number));
   auto text = std::make_unique<ROOT::RField<std::string>>("text");
   text->SetColumnRepresentatives({{ENTupleColumnType::kIndex32, ENTupleColumnType::kChar},
                                   {ENTupleColumnType::kSplitIndex64, ENTupleColumnType::kChar}});
   model->AddField(std::move(text));
   auto pnumber = model->GetDefaultEntry().GetPtr<float>("number");
   auto ptext = model->GetDefaultEntry().GetPtr<std::string>("text");
   auto writer = RNTupleWriter::Recreate(std::move(model), "T", path, optionsOf(505, true));
   for (int cluster = 0; cluster < 4; ++cluster) {
      for (int n = 0; n < 10; ++n) {
         *pnumber = cluster * 10 + n; *ptext = std::string((cluster + n) % 4, 'a' + n); writer->Fill();
      }
      writer->CommitCluster();
      for (auto name : {"number", "text"}) {
         auto &field = const_cast<RFieldBase &>(writer->GetModel().GetConstField(name));
         ROOT::Internal::RFieldRepresentationModifier::SetPrimaryColumnRepresentation(field, (cluster + 1) % 2);
      }
   }
}

// Pages that are larger than the records of the file may be.
void split(const char *path)
{
   auto model = RNTupleModel::Create();
   auto large = model->MakeField<std::uint64_t>("large");
   auto small = model->MakeField<std::uint8_t>("small");
   auto options = optionsOf(0, true);
   options.SetMaxUnzippedPageSize(4096);
   ROOT::Internal::RNTupleWriteOptionsManip::SetMaxKeySize(options, 1024);
   auto writer = RNTupleWriter::Recreate(std::move(model), "T", path, options);
   for (int n = 0; n < 512; ++n) { *large = n; *small = n % 7; writer->Fill(); }
}

// RNTuples of one kind in directories, and others beside them.
void directories(const char *path)
{
   auto file = std::unique_ptr<TFile>(TFile::Open(path, "RECREATE"));
   for (int folder = 0; folder < 3; ++folder) {
      auto directory = file->mkdir(("DF_" + std::to_string(folder)).c_str());
      auto tracks = RNTupleModel::Create();
      auto pt = tracks->MakeField<std::vector<float>>("pt");
      auto beside = RNTupleModel::Create();
      auto score = beside->MakeField<double>("score");
      auto one = RNTupleWriter::Append(std::move(tracks), "tracks", *directory, optionsOf(505, true));
      auto other = RNTupleWriter::Append(std::move(beside), "beside", *directory, optionsOf(505, true));
      for (int n = 0; n < 5 + folder; ++n) {
         *pt = std::vector<float>(n % 3, 100 * folder + n); *score = folder + n / 16.0; one->Fill(); other->Fill();
      }
   }
}

// Ten million times ten entries of nothing.
void bomb(const char *path)
{
   auto model = RNTupleModel::Create();
   model->MakeField<bool>("flag");
   model->MakeField<std::int32_t>("number");
   model->MakeField<std::vector<float>>("list");
   RNTupleWriteOptions options;
   options.SetCompression(505);
   options.SetMaxUnzippedPageSize(4 << 20);
   options.SetMaxUnzippedClusterSize(256 << 20);
   options.SetEnableSamePageMerging(true);
   auto writer = RNTupleWriter::Recreate(std::move(model), "T", path, options);
   for (int n = 0; n < 100000000; ++n) writer->Fill();
}

// What is not read: a variant and an object of ROOT's streamer; and a field that is.
void others(const char *path)
{
   auto model = RNTupleModel::Create();
   model->MakeField<std::variant<int, float>>("variant");
   auto number = model->MakeField<std::int32_t>("number");
   model->MakeField<std::optional<float>>("maybe");
   auto writer = RNTupleWriter::Recreate(std::move(model), "T", path, optionsOf(505, true));
   for (int n = 0; n < 5; ++n) { *number = n; writer->Fill(); }
}
"""
)


def content(array):
    """The innermost values of an array, and the number of items of each entry."""
    import awkward as ak

    layout = ak.to_layout(array)
    counts = None
    if layout.is_list and not layout.is_regular:
        layout = layout.to_ListOffsetArray64(True)
        counts = np.diff(np.asarray(layout.offsets)).astype("<i8")
        values, _ = content(layout.content[: layout.offsets[-1]])
        return values, counts
    if layout.is_regular:
        values, _ = content(layout.content[: len(layout) * layout.size])
        return values, None
    if layout.is_indexed:
        return content(layout.project())
    return np.ascontiguousarray(layout.data), counts


def checksums(array):
    values, counts = content(array)
    if values.dtype == bool:
        values = values.view("u1") != 0
    if values.dtype == np.float16:
        values = values.astype("<f4")
    values = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    crc = lambda array: zlib.crc32(array.tobytes())
    return [int(values.size), crc(values), None if counts is None else crc(counts)]


def header_bomb(path):
    """An RNTuple whose header is 40 MB of fields without names, in few bytes."""
    import lzma
    import struct

    import xxhash

    file = bytearray((FOLDER / "none.root").read_bytes())
    field = lambda role: struct.pack("<qIIIHHIIII", 40, 0, 0, 0, role, 0, 0, 0, 0, 0)
    count = 1_000_000
    fields = field(2) + field(0) * (count - 1)
    empty = struct.pack("<qI", -12, 0)
    body = struct.pack("<qIII", 0, 0, 0, 0) + struct.pack("<qI", -12 - len(fields), count) + fields + 3 * empty
    header = struct.pack("<Q", 1 | (16 + len(body)) << 16) + body
    header += struct.pack("<Q", xxhash.xxh3_64_intdigest(header))
    stored = bytearray()
    for start in range(0, len(header), 0xFFFFFF):
        piece = header[start : start + 0xFFFFFF]
        packed = lzma.compress(piece)
        stored += b"XZ\x00" + len(packed).to_bytes(3, "little") + len(piece).to_bytes(3, "little") + packed
    for at in range(len(file) - 72):
        if file[at + 64 : at + 72] == struct.pack(">Q", xxhash.xxh3_64_intdigest(bytes(file[at : at + 64]))):
            file[at + 8 : at + 32] = struct.pack(">QQQ", len(file), len(stored), len(header))
            file[at + 64 : at + 72] = struct.pack(">Q", xxhash.xxh3_64_intdigest(bytes(file[at : at + 64])))
            break
    path.write_bytes(file + stored)


def by_uproot(path):
    """A file whose anchor tells no largest record."""
    import awkward as ak
    import uproot

    with uproot.recreate(path) as file:
        hits = ak.Array([[1.0, 2.0], [], [3.0], [], [4.0, 5.0, 6.0]])
        numbers = np.array([0.5, -1, 2, np.inf, 4], "f4")
        file.mkrntuple("T", {"event": np.arange(5, dtype="u8"), "x": numbers, "Hit_e": hits})


def main():
    import uproot

    for codec, setting in CODECS.items():
        ROOT.everything(str(FOLDER / f"{codec}.root"), setting, codec != "zstd", 3)
    ROOT.everything(str(FOLDER / "none.root"), 505, True, 0)
    ROOT.cms(str(FOLDER / "cms.root"), 505, True, False)
    ROOT.cms(str(FOLDER / "projected_cms.root"), 505, True, True)
    ROOT.wide(str(FOLDER / "wide.root"))
    ROOT.representations(str(FOLDER / "representations.root"))
    ROOT.split(str(FOLDER / "split.root"))
    ROOT.directories(str(FOLDER / "directories.root"))
    # For damage that nothing tells: what is plain, and has no checksums of pages.
    ROOT.everything(str(FOLDER / "unpacked.root"), 0, False, 2)
    ROOT.cms(str(FOLDER / "unpacked_cms.root"), 0, False, False)
    ROOT.others(str(FOLDER / "others.root"))
    by_uproot(FOLDER / "uproot.root")
    bombs = FOLDER.parent / "bombs"
    if bombs.is_dir():
        ROOT.bomb(str(bombs / "ntuple.root"))
        header_bomb(bombs / "ntuple_fields.root")
    expected = {}
    for path in sorted(FOLDER.glob("*.root")):
        if path.stem in ("directories", "projected_cms"):
            continue
        ntuple = uproot.open(path)["Events" if "cms" in path.stem else "T"]
        columns = expected[path.stem] = {"": ntuple.num_entries}
        for key in ntuple.keys():
            # uproot writes "0" for "_0", and does not read several representations: a test knows them.
            name = re.sub(r"\.(\d)", r"._\1", key).replace(".", "_")
            if path.stem in ("representations", "split"):
                continue
            if any(other.startswith(f"{key}.") for other in ntuple.keys()) or key in ("variant", "maybe"):
                continue
            columns[name] = checksums(ntuple[key].array())
    text = json.dumps(expected, indent=1, sort_keys=True)
    (FOLDER / "expected.json").write_text(text + "\n")


main()
