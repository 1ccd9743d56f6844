#!/bin/sh
# What only a CUDA device can show, the most valuable part first, each part's results kept as it ends:
#
#     sh benchmarks/on_gpu.sh OUT [IMAGES]
#
# OUT: folder of the results. IMAGES: CIFAR-10 as class folders or archive; without it the parts that train are left out.
# PARTS chooses among them (selected, speed, rounds, pareto; safe and paper too); SECONDS_LEFT bounds each of the last three.
set -u
cd "$(dirname "$0")/.."
export PYTHONPATH="$PWD"
out=$1 images=${2:-} parts=${PARTS:-selected speed rounds pareto} python=${PYTHON:-python3}
mkdir -p "$out"
for part in $parts; do
  began=$(date +%s)
  case "$part-${images:+images}" in
    selected-*)
      $python -m pytest -q -n 12 -o filterwarnings= -p no:cacheprovider tests/theory/selection/test_on_cuda.py tests/theory/selection/test_device_kernels.py \
        tests/theory/selection/test_tensors.py tests/empirical/test_cohort.py > "$out/selected.log" 2>&1; tail -n 15 "$out/selected.log" ;;
    speed-*)
      $python benchmarks/selection.py --threads "" --sizes 1e5,1e6,1e7,1e8 --output "$out/selection.json" ;;
    rounds-images)
      $python benchmarks/rounds.py --device cuda --data "$images" --jobs 12 --concurrent 1,4,12 --output "$out/rounds.json" ;;
    safe-images|paper-images)
      timeout "${SECONDS_LEFT:-300}" $python -m cwmp pareto "$part" --data "$images" --jobs "$(nproc)" --quiet --output "$out/$part" ;;
    pareto-images)
      timeout "${SECONDS_LEFT:-300}" $python -m cwmp pareto credible --device cuda --data "$images" --jobs "$(nproc)" \
        --quiet --output "$out/pareto" ;;
  esac
  echo "$part: $(($(date +%s) - began)) s"
done
