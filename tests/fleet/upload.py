"""upload.py s3|az FOLDER: puts all files of a folder into a store that runs on this machine, below backups/."""

import os
import sys
import time


def s3():
    import boto3

    client = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT"])
    client.create_bucket(Bucket="bucket")
    return lambda path, name: client.upload_file(path, "bucket", name)


def az():
    from azure.storage.blob import BlobServiceClient

    account = {"account_name": os.environ["AZURE_STORAGE_ACCOUNT_NAME"], "account_key": os.environ["AZURE_STORAGE_ACCOUNT_KEY"]}
    service = BlobServiceClient(os.environ["AZURE_ENDPOINT"], credential=account, retry_total=0)
    container = service.create_container("container")

    def put(path, name):
        with open(path, "rb") as data:
            container.upload_blob(name, data)

    return put


def ready(store):
    """The store, which may still be starting."""
    for _ in range(60):
        try:
            return store()
        except Exception as error:
            last = error
            time.sleep(1)
    raise last


put = ready({"s3": s3, "az": az}[sys.argv[1]])
for folder, _, files in os.walk(sys.argv[2]):
    for file in files:
        path = os.path.join(folder, file)
        put(path, "backups/" + os.path.relpath(path, sys.argv[2]))
