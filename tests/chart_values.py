"""Values that the Helm chart is tried with, by what is special about them."""

from typing import Any

from tests.chart import merged

ON = {"recording": {"enabled": True}, "terminal": {"enabled": True}}
S3 = {
    "recording": {
        "enabled": True,
        "storageBackend": "s3",
        "s3": {"bucket": "sortie", "endpoint": "https://s3.example", "existingSecret": "bucket"},
    }
}
SHARED = {"persistence": {"accessModes": ["ReadWriteMany"], "storageClass": "nfs"}}
MONITORED = {
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "secrets": {"metricsToken": {"name": "sortie"}},
    "dashboard": {"enabled": True, "labels": {"folder": "operations"}},
}
PEER = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}
SCALED = {
    name: {"autoscaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 5}}
    for name in ("web", "live", "worker")
}

MATRIX: dict[str, dict[str, Any]] = {
    "the least": {},
    "local": ON,
    "local, elsewhere": merged(ON, {"recording": {"storagePath": "/srv/recordings"}}),
    "local, shared": merged(ON, SHARED, {"web": {"replicas": 3}, "worker": {"replicas": 2}}),
    "an existing claim": merged(ON, {"persistence": {"existingClaim": "recordings"}}),
    "s3": merged(S3, {"web": {"replicas": 3}, "live": {"replicas": 2}}),
    "s3, by a role": merged(
        S3,
        {"recording": {"s3": {"existingSecret": "", "endpoint": ""}}},
        {"serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/sortie"}}},
    ),
    "s3, staged on disk": merged(S3, {"staging": {"backend": "local"}}),
    "local, staged in s3": merged(ON, {"staging": {"backend": "s3"}, "recording": {"s3": {"bucket": "sortie"}}}),
    "scaled": merged(S3, SCALED),
    "watched and fenced": merged(
        S3,
        MONITORED,
        {"networkPolicy": {"enabled": True, "from": [PEER], "metricsFrom": [PEER], "egress": [{"to": [PEER]}]}},
    ),
    "fenced, open to all": merged(ON, {"networkPolicy": {"enabled": True}}),
    "without ingress": {"ingress": {"enabled": False, "host": ""}, "allowedHosts": ["sortie.internal"]},
    "tls ended elsewhere": {"ingress": {"tls": {"enabled": False}}},
    "everything said": merged(
        S3,
        {
            "image": {
                "repository": "registry.example/sortie",
                "tag": "1.2.3",
                "pullSecrets": [{"name": "registry"}],
            },
            "secrets": {"adminPassword": {"name": "admin", "key": "SORTIE_ADMIN_PASSWORD"}},
            "allowedHosts": ["recordings.example"],
            "trustedOrigins": ["https://recordings.example"],
            "extraEnv": [{"name": "SORTIE_UPLOAD_QUOTA_MB", "value": "100"}],
            "ingress": {
                "className": "nginx",
                "tls": {"secretName": "certificate"},
                "annotations": {
                    "nginx.ingress.kubernetes.io/proxy-body-size": "2g",
                    "cert-manager.io/issuer": "ca",
                },
            },
            "web": {
                "podAnnotations": {"team": "audit"},
                "nodeSelector": {"disk": "fast"},
                "tolerations": [{"key": "dedicated", "operator": "Exists"}],
                "affinity": {"nodeAffinity": {}},
            },
            "podDisruptionBudget": {"enabled": False},
            "serviceAccount": {"create": False, "name": "sortie"},
        },
    ),
}
