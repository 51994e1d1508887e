#!/bin/bash
# sbatch slurm.sh: one shard for each task of the array; BACKUPS and PARTS are folders that all nodes see.
# Then: tlshive report "$PARTS"/part-*.jsonl, which names shards that are missing.
#SBATCH --array=0-63
#SBATCH --cpus-per-task=2
#SBATCH --requeue
set -eu
shard=$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT
# A part gets its name when it is whole, so that a task may be done again at any time.
exec tlshive audit --format jsonl --no-exit-codes --shard "$shard" -j "${SLURM_CPUS_PER_TASK:-1}" \
    -o "$PARTS/part-$SLURM_ARRAY_TASK_ID.jsonl" --force "$BACKUPS"
